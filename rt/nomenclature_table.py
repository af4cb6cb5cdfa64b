"""The structures we know by name: TG-263 base name, sides, kind, colour, and what else people call them.

Base names are those of AAPM TG-263 (Mayo et al. 2018, doi:10.1016/j.ijrobp.2017.12.013), in its own spelling
(Colon_Decending, Hypothalmus); Bones, CouchSurface, Sternum and Teeth, which it does not list, are formed by
its rules.  Kinds are RT ROI Interpreted Types (PS3.3 C.8.8.8.1).  Synonyms are English, German and Japanese;
the side is not written.
"""

from __future__ import annotations

_ORGANS = """
Brain | - | ORGAN | #b8a07a | whole brain, gehirn, hirn, 脳, 全脳, ganzhirn
Brainstem | - | ORGAN | #f2b84b | brain stem, bs, stammhirn, hirnstamm, 脳幹
Cerebellum | - | ORGAN | #9a8c6a | kleinhirn, 小脳
Cerebrum | -LR | ORGAN | #c8b48a | grosshirn, 大脳, cerebral hemispheres
SpinalCord | - | ORGAN | #ffe14d | cord, myelon, medulla spinalis, rückenmark, 脊髄, sc, s cord, sp cord,
spinal cord true
SpinalCanal | - | ORGAN | #ffd699 | canal spinal, spinalkanal, 脊柱管
CaudaEquina | - | ORGAN | #e6c84d | cauda, 馬尾
BrachialPlex | LR | ORGAN | #d9a441 | brachial plexus, plexus brachialis, armplexus, 腕神経叢
OpticChiasm | - | ORGAN | #57c7ff | chiasm, chiasma, chiasma opticum, sehnervenkreuzung, 視交叉,
optic chiasma, chiasma optic, 視神経交叉, 視交差
OpticNrv | LR | ORGAN | #2fa8e0 | optic nerve, nervus opticus, sehnerv, 視神経, optic n, opt nerve,
n opticus, optikus, optic nrv, on
Eye | LR | ORGAN | #7fd1e6 | eyeball, globe,  auge, augapfel, bulbus, 眼球, 眼
Lens | LR | ORGAN | #b3f0ff | linse, augenlinse, 水晶体, レンズ, eye lens, optic lens
Cornea | LR | ORGAN | #cfefff | hornhaut, 角膜
Retina | LR | ORGAN | #5fb0c0 | netzhaut, 網膜
Glnd_Lacrimal | LR | ORGAN | #8fd0ff | lacrimal gland, lacrimal, tränendrüse, 涙腺, lacrimalgland,
gl lacrimalis, glandula lacrimalis
Cochlea | LR | ORGAN | #c58bff | schnecke, hörschnecke, 蝸牛
Ear_Middle | LR | ORGAN | #a87bd1 | middle ear, mittelohr, 中耳
Pituitary | - | ORGAN | #ff9ecb | hypophysis, hypophyse, pituitary gland, 下垂体
Hypothalmus | - | ORGAN | #e68ab8 | hypothalamus, 視床下部
Hippocampus | LR | ORGAN | #d98cff | hippokampus, 海馬
Lobe_Temporal | LR | ORGAN | #bfa36b | temporal lobe, temporallappen, schläfenlappen, 側頭葉
Parotid | LR | ORGAN | #4fd67a | parotid gland, parotis, glandula parotis, ohrspeicheldrüse, 耳下腺,
parotid gl, gl parotis, gl parotidea, glandula parotidea, glnd parotid, speicheldrüse parotis
Glnd_Submand | LR | ORGAN | #2fae6b | submandibular gland, submandibular, unterkieferspeicheldrüse,
顎下腺, submand, smg, submandibular gl, submandibularis, glandula submandibularis, gl submandibularis,
submandibulardrüse, unterkieferdrüse
Glnd_Subling | LR | ORGAN | #1f8f55 | sublingual gland, sublingual, unterzungenspeicheldrüse, 舌下腺,
glandula sublingualis, gl sublingualis
Glnd_Thyroid | - | ORGAN | #b07be0 | thyroid, thyroid gland, schilddrüse, 甲状腺, glandula thyroidea,
gl thyroidea, thyreoidea
Cavity_Oral | - | ORGAN | #ff8fa3 | oral cavity, mouth, mundhöhle, 口腔, oralcavity, oral cav, cavum oris,
cavity oral, mund
Lips | - | ORGAN | #ff7f9f | lip, lippe, lippen, 口唇, 唇
Tongue | - | ORGAN | #f06a86 | zunge, 舌
Larynx | - | ORGAN | #ff8a5c | kehlkopf, 喉頭, larynx whole
Pharynx | - | ORGAN | #e07a4a | rachen, schlund, 咽頭
Musc_Constrict | - | ORGAN | #d1663f | pharyngeal constrictor, constrictors, schlundschnürer, 咽頭収縮筋,
pharyngeal constrictors, constrictor, pharynxconst, pharynx constrictor, pharynxkonstriktor, 咽頭収縮筋群
Bone_Mandible | - | ORGAN | #e8e0c8 | mandible, mandibula, jaw, unterkiefer, 下顎骨, 下顎, mandibel,
mandibular bone, unterkieferknochen
Joint_TM | LR | ORGAN | #d0c6a8 | temporomandibular joint, tmj, tm joint, kiefergelenk, 顎関節
Teeth | - | ORGAN | #f5f0dc | tooth, zähne, 歯, 歯牙
A_Carotid | LR | ORGAN | #ff5252 | carotid, carotid artery, arteria carotis, halsschlagader, 頸動脈,
carotis, a carotis, carotis communis, common carotid artery, common carotid, 総頸動脈
Esophagus | - | ORGAN | #c98a5e | oesophagus, ösophagus, speiseröhre, 食道, eso, esoph, ösoph, oesoph
Trachea | - | ORGAN | #7fc4d6 | luftröhre, windpipe, 気管
Carina | - | ORGAN | #5fa8bd | 気管分岐部
Bronchus | LR | ORGAN | #6fb6c9 | bronchial tree, bronchialbaum, 気管支
Lung | LR | ORGAN | #66b2ff | pulmo, lunge, 肺
Lungs | - | ORGAN | #4d9fff | both lungs, lung total, total lung, lunge gesamt, 全肺, lungs total,
bilateral lungs, lunge bds, lungen, beide lungen, 両肺, 両側肺,
lunge beidseits, 肺全体
Heart | - | ORGAN | #ff6b6b | cor, herz, 心臓, whole heart, herz gesamt
Pericardium | - | ORGAN | #e05f5f | herzbeutel, 心膜
A_LAD | - | ORGAN | #ff3b6b | lad, left anterior descending, 左前下行枝, a lad,
ramus interventricularis anterior, riva, lad artery
A_Aorta | - | ORGAN | #e53935 | aorta, hauptschlagader, 大動脈
A_Pulmonary | - | ORGAN | #8e63d6 | pulmonary artery, pulmonalarterie, 肺動脈
V_Venacava_S | - | ORGAN | #5c6bc0 | superior vena cava, svc, obere hohlvene, 上大静脈
V_Venacava_I | - | ORGAN | #3f51b5 | inferior vena cava, ivc, untere hohlvene, 下大静脈
Atrium | LR | ORGAN | #d46a9f | vorhof, 心房
Ventricle | LR | ORGAN | #c2577f | herzkammer, 心室
Breast | LR | ORGAN | #ffb3c1 | mamma, brust, 乳房, mammary, breast whole, mammae, brustdrüse
Chestwall | LR | ORGAN | #c9b8a0 | chest wall, thoraxwand, brustwand, 胸壁
Sternum | - | ORGAN | #d9d0b8 | brustbein, 胸骨
Liver | - | ORGAN | #b5651d | hepar, leber, 肝臓, 肝
Gallbladder | - | ORGAN | #7a9a3a | gallenblase, 胆嚢
Spleen | - | ORGAN | #9c4f6e | milz, 脾臓, 脾
Stomach | - | ORGAN | #e0a070 | magen, gaster, 胃
Pancreas | - | ORGAN | #e3c16f | bauchspeicheldrüse, 膵臓, 膵,
pankreas
Duodenum | - | ORGAN | #d49a4a | zwölffingerdarm, 十二指腸
Kidney | LR | ORGAN | #c26e3f | ren, niere, 腎臓, 腎
Kidneys | - | ORGAN | #b3602f | both kidneys, nieren, 両腎, bilateral kidneys, beide nieren, 両側腎, 両腎臓,
niere beidseits, niere bds, nieren bds
Glnd_Adrenal | LR | ORGAN | #cf9f3f | adrenal, adrenal gland, suprarenal gland, nebenniere, 副腎
Bowel | - | ORGAN | #d1a05f | intestine, darm, 腸管
Bowel_Small | - | ORGAN | #e0b06a | small bowel, small intestine, dünndarm, 小腸, smallbowel, bowelsmall
Bowel_Large | - | ORGAN | #b8863f | large bowel, large intestine, dickdarm, 大腸, largebowel
Bag_Bowel | - | ORGAN | #c9a36b | bowel bag, bowel cavity, peritoneal cavity, darmraum, 腸管バッグ,
bowelbag, 腸管腔
Colon | - | ORGAN | #a9772f | kolon, 結腸
Colon_Sigmoid | - | ORGAN | #99692a | sigmoid, sigmoid colon, sigma, s状結腸
Rectum | - | ORGAN | #8d5524 | rektum, enddarm, mastdarm, 直腸, ampulla recti
Canal_Anal | - | ORGAN | #7a4a20 | anal canal, analkanal, 肛門管
Bladder | - | ORGAN | #ffd54f | urinary bladder, vesica urinaria, harnblase, blase, 膀胱, urinarybladder
Prostate | - | ORGAN | #5ac8c8 | prostata, vorsteherdrüse, 前立腺
SeminalVes | - | ORGAN | #3fb0a0 | seminal vesicle, seminal vesicles, samenblase, samenblasen, 精嚢,
sem ves, seminalvesicles, vesicula seminalis, vesiculae seminales, 精のう
PenileBulb | - | ORGAN | #c78f9f | penile bulb, bulbus penis, 陰茎球部, 尿道球, penilebulb, peniswurzel,
penisbulbus
Urethra | - | ORGAN | #f0d890 | harnröhre, 尿道
Uterus | - | ORGAN | #e085b0 | gebärmutter, 子宮
Cervix | - | ORGAN | #cf6f9f | cervix uteri, gebärmutterhals, 子宮頸部
Vagina | - | ORGAN | #d98ab0 | scheide, 膣, 腟
Ovary | LR | ORGAN | #e0a0c8 | ovar, eierstock, 卵巣
Testis | LR | ORGAN | #b0a0d8 | testicle, hoden, 精巣
Femur_Head | LR | ORGAN | #e6d8b0 | femoral head, femur head, hüftkopf, femurkopf, 大腿骨頭, femoralhead,
head of femur, fem head, femoral hd, hüftgelenkskopf, oberschenkelkopf, caput femoris, femur kopf
Femur | LR | ORGAN | #d8c89a | thigh bone, oberschenkelknochen, 大腿骨
Bone_Pelvic | -LR | ORGAN | #cfc39f | pelvis, pelvic bones, becken, beckenknochen, 骨盤, 骨盤骨
Sacrum | - | ORGAN | #c4b78f | kreuzbein, 仙骨
Bones | - | ORGAN | #efe8d0 | bone, skeleton, knochen, 骨
Skin | - | ORGAN | #f0c8a8 | haut, 皮膚
External | - | EXTERNAL | #9aa5b1 | body, body outline, patient, aussenkontur, körper, 体表, 体輪郭
CouchSurface | - | SUPPORT | #708090 | couch, table, couch surface, tisch, 寝台, カウチ
Bolus | - | BOLUS | #66d9c0 | ボーラス
Ear_Internal | LR | ORGAN | #b98ae8 | inner ear, internal ear, innenohr, 内耳
Ear_External | LR | ORGAN | #a694d8 | external ear, outer ear, äusseres ohr, 外耳
Orbit | LR | ORGAN | #a5c4d4 | orbita, augenhöhle, 眼窩
Pineal | - | ORGAN | #e8a0d8 | pineal gland, epiphyse, zirbeldrüse, 松果体
Pons | - | ORGAN | #e0a860 | brücke, 橋
Lobe_Frontal | LR | ORGAN | #c2b070 | frontal lobe, frontallappen, 前頭葉
Lobe_Parietal | LR | ORGAN | #c8a878 | parietal lobe, parietallappen, 頭頂葉
Lobe_Occipital | LR | ORGAN | #b8a880 | occipital lobe, okzipitallappen, 後頭葉
Sys_Ventricular | - | ORGAN | #80b8d8 | ventricular system, cerebral ventricles, ventrikelsystem, 脳室,
脳室系
Scalp | - | ORGAN | #e8c0a0 | kopfhaut, 頭皮
Skull | - | ORGAN | #e0d8c0 | cranium, schädel, 頭蓋骨
Eyes | - | ORGAN | #6fc0d8 | both eyes, eyeballs, bilateral eyes, augen, 両眼, 両側眼球
Parotids | - | ORGAN | #40c46c | both parotids, both parotid glands, bilateral parotids, parotid glands,
parotiden, 両耳下腺, 両側耳下腺,
parotis beidseits, parotis bds, parotiden bds
Glnd_Submands | - | ORGAN | #2aa264 | both submandibular glands, submandibular glands, submandibulars,
両顎下腺, 両側顎下腺
Glnd_Sublings | - | ORGAN | #28a066 | both sublingual glands, sublingual glands, 両側舌下腺
Glnd_Parathyroid | - | ORGAN | #b898e0 | parathyroid, parathyroid gland, nebenschilddrüse, 副甲状腺,
上皮小体
Glnd_Thymus | - | ORGAN | #b8c878 | thymus, thymus gland, thymusdrüse, 胸腺
Larynx_SG | - | ORGAN | #ff9a70 | supraglottic larynx, supraglottis, larynx supraglottic, 声門上部,
声門上喉頭
Glottis | - | ORGAN | #ff7848 | glottic larynx, larynx glottic, glottic area, stimmritze, 声門, 声門部
VocalCord | LR | ORGAN | #f08868 | vocal cord, stimmband, 声帯
VocalCords | - | ORGAN | #e87858 | vocal cords, both vocal cords, stimmbänder, 両側声帯
Arytenoid | -LR | ORGAN | #e09880 | arytenoid cartilage, aryknorpel, stellknorpel, 披裂軟骨
Cricoid | - | ORGAN | #d8a890 | cricoid cartilage, ringknorpel, 輪状軟骨
Cricopharyngeus | - | ORGAN | #cf7850 | cricopharyngeal muscle, cricopharyngeal inlet, 輪状咽頭筋
Cartlg_Thyroid | - | ORGAN | #d8b8a0 | thyroid cartilage, schildknorpel, 甲状軟骨
Nasopharynx | - | ORGAN | #e08a58 | nasenrachen, epipharynx, 上咽頭, 鼻咽頭
Oropharynx | - | ORGAN | #d88050 | mundrachen, mesopharynx, 中咽頭
Laryngl_Pharynx | - | ORGAN | #d07648 | hypopharynx, laryngopharynx, 下咽頭
Musc_Constrict_S | - | ORGAN | #d87050 | superior pharyngeal constrictor, superior constrictor,
pharyngeal constrictor superior, spc, 上咽頭収縮筋
Musc_Constrict_M | - | ORGAN | #cf6848 | middle pharyngeal constrictor, middle constrictor,
pharyngeal constrictor middle, mpc, 中咽頭収縮筋
Musc_Constrict_I | - | ORGAN | #c66040 | inferior pharyngeal constrictor, inferior constrictor,
pharyngeal constrictor inferior, ipc, 下咽頭収縮筋
Musc_Masseter | LR | ORGAN | #c86878 | masseter, masseter muscle, musculus masseter, kaumuskel, 咬筋
Musc_Pterygoid | LR | ORGAN | #c07080 | pterygoid, pterygoid muscle, 翼突筋
Musc_Temporal | LR | ORGAN | #b87888 | temporal muscle, temporalis muscle, musculus temporalis, 側頭筋
Musc_Sclmast | LR | ORGAN | #b06878 | sternocleidomastoid, sternocleidomastoid muscle, scm, 胸鎖乳突筋
Musc_Digastric | LR | ORGAN | #b87080 | digastric, digastric muscle, 顎二腹筋
Hardpalate | - | ORGAN | #f0a0a8 | hard palate, harter gaumen, 硬口蓋
Palate_Soft | - | ORGAN | #e898a0 | soft palate, weicher gaumen, gaumensegel, 軟口蓋
Tongue_Base | -LR | ORGAN | #e86080 | base of tongue, tongue base, bot, zungengrund, 舌根
Tongue_Oral | -LR | ORGAN | #f07890 | oral tongue, 可動部舌, 舌可動部
Tonsil | - | ORGAN | #e07890 | tonsils, mandel, mandeln, 扁桃
Cavity_Nasal | - | ORGAN | #f0b0a8 | nasal cavity, nasenhöhle, 鼻腔
Sinus_Maxilry | LR | ORGAN | #e8c8b0 | maxillary sinus, kieferhöhle, sinus maxillaris, 上顎洞
Sinus_Frontal | LR | ORGAN | #e0c0a8 | frontal sinus, stirnhöhle, 前頭洞
Sinus_Sphenoid | LR | ORGAN | #d8b8a0 | sphenoid sinus, keilbeinhöhle, 蝶形骨洞
Sinus_Ethmoid | - | ORGAN | #d0b098 | ethmoid sinus, siebbeinzellen, 篩骨洞
Maxilla | -LR | ORGAN | #e0d4b8 | oberkiefer, upper jaw, 上顎骨, 上顎
Bone_Hyoid | - | ORGAN | #d8d0b0 | hyoid, hyoid bone, zungenbein, 舌骨
Bone_Mastoid | LR | ORGAN | #d0c8a8 | mastoid, mastoid bone, warzenfortsatz, 乳様突起
Bone_Temporal | LR | ORGAN | #c8c0a0 | temporal bone, schläfenbein, felsenbein, 側頭骨
Nose | - | ORGAN | #f0c0b0 | nase, 鼻
Fossa_Posterior | - | ORGAN | #a89878 | posterior fossa, hintere schädelgrube, 後頭蓋窩
V_Jugular_Int | LR | ORGAN | #6878d0 | internal jugular vein, vena jugularis interna, ijv, 内頸静脈
V_Jugular_Ext | LR | ORGAN | #7888d8 | external jugular vein, vena jugularis externa, 外頸静脈
BrachialPlexs | - | ORGAN | #c89838 | both brachial plexuses, both brachial plexus, 両側腕神経叢
Hippocampi | - | ORGAN | #c880f0 | both hippocampi, both hippocampus, hippocampi, 両側海馬
Retinas | - | ORGAN | #58a8b8 | both retinas, 両側網膜
Spc_Retrophar | LR | ORGAN | #d0a888 | retropharyngeal space, 咽頭後間隙
Lung_LUL | - | ORGAN | #70b8ff | left upper lobe, left lung upper lobe, lung upper lobe left,
linker oberlappen, 左上葉, 左肺上葉
Lung_LLL | - | ORGAN | #5aa8f0 | left lower lobe, left lung lower lobe, lung lower lobe left,
linker unterlappen, 左下葉, 左肺下葉
Lung_RUL | - | ORGAN | #88c8ff | right upper lobe, right lung upper lobe, lung upper lobe right,
rechter oberlappen, 右上葉, 右肺上葉
Lung_RML | - | ORGAN | #78c0f8 | right middle lobe, right lung middle lobe, lung middle lobe right,
mittellappen, 右中葉, 右肺中葉
Lung_RLL | - | ORGAN | #68b0e8 | right lower lobe, right lung lower lobe, lung lower lobe right,
rechter unterlappen, 右下葉, 右肺下葉
Bronchus_Main | LR | ORGAN | #60a8c0 | main bronchus, main stem bronchus, hauptbronchus, 主気管支
AirWay_Prox | - | ORGAN | #78c8d8 | proximal bronchial tree, proximal airway, pbt, 中枢気道
Esophagus_S | - | ORGAN | #d09868 | cervical esophagus, cervical oesophagus, upper esophagus,
halsösophagus, 頸部食道
Esophagus_M | - | ORGAN | #c08860 | thoracic esophagus, middle esophagus, 胸部食道
Esophagus_I | - | ORGAN | #b87c58 | abdominal esophagus, lower esophagus, 腹部食道
GreatVes | - | ORGAN | #c85878 | great vessels, grosse gefässe, 大血管
A_Coronary | LR | ORGAN | #ff5a80 | coronary artery, koronararterie, 冠動脈
A_Subclavian | LR | ORGAN | #f06060 | subclavian artery, arteria subclavia, 鎖骨下動脈
A_Brachiocephls | - | ORGAN | #e85858 | brachiocephalic artery, brachiocephalic trunk,
truncus brachiocephalicus, 腕頭動脈
V_Subclavian | LR | ORGAN | #6070c8 | subclavian vein, vena subclavia, 鎖骨下静脈
V_Brachioceph | LR | ORGAN | #5868c0 | brachiocephalic vein, vena brachiocephalica, 腕頭静脈
V_Azygos | - | ORGAN | #5060b8 | azygos, azygos vein, vena azygos, 奇静脈
V_Pulmonary | - | ORGAN | #7868d0 | pulmonary vein, pulmonary veins, lungenvene, lungenvenen, 肺静脈
Valve_Aortic | - | ORGAN | #e07898 | aortic valve, aortenklappe, 大動脈弁
Valve_Mitral | - | ORGAN | #d87090 | mitral valve, mitralklappe, 僧帽弁
Valve_Pulmonic | - | ORGAN | #d06888 | pulmonic valve, pulmonary valve, pulmonalklappe, 肺動脈弁
Valve_Tricuspid | - | ORGAN | #c86080 | tricuspid valve, trikuspidalklappe, 三尖弁
Mediastinum | - | ORGAN | #b0a090 | 縦隔
Diaphragm | - | ORGAN | #b88878 | zwerchfell, 横隔膜
Pacemaker | - | ORGAN | #8090a0 | cardiac pacemaker, herzschrittmacher, ペースメーカー, ペースメーカ
Breasts | - | ORGAN | #f0a4b4 | both breasts, bilateral breasts, brüste, 両側乳房, 両乳房
Clavicle | LR | ORGAN | #d8cca8 | clavicula, schlüsselbein, 鎖骨
Scapula | LR | ORGAN | #d0c4a0 | shoulder blade, schulterblatt, 肩甲骨
Humerus | LR | ORGAN | #d8d0a8 | oberarmknochen, 上腕骨
Joint_Glenohum | LR | ORGAN | #c8c098 | glenohumeral joint, shoulder joint, schultergelenk, 肩関節
LN_Ax_L1 | LR | ORGAN | #a8d078 | axillary level 1, axilla level 1, axillary level i, 腋窩レベル1
LN_Ax_L2 | LR | ORGAN | #98c070 | axillary level 2, axilla level 2, axillary level ii, 腋窩レベル2
LN_Ax_L3 | LR | ORGAN | #88b068 | axillary level 3, axilla level 3, axillary level iii, 腋窩レベル3
LN_Ax | LR | ORGAN | #a0c878 | axilla, axillary nodes, axillary lymph nodes, 腋窩リンパ節
LN_IMN | LR | ORGAN | #90c888 | imn, internal mammary nodes, internal mammary node, 内胸リンパ節
LN_Sclav | LR | ORGAN | #98d090 | supraclavicular nodes, supraclavicular lymph node,
supraclavicular lymph nodes, 鎖骨上リンパ節
LN_Neck_IA | LR | ORGAN | #a0d8a0 | neck level ia, level ia, submental nodes, 頸部レベルia
LN_Neck_IB | LR | ORGAN | #98d098 | neck level ib, level ib, 頸部レベルib
LN_Neck_II | LR | ORGAN | #90c890 | neck level ii, level ii, 頸部レベルii
LN_Neck_III | LR | ORGAN | #88c088 | neck level iii, level iii, 頸部レベルiii
LN_Neck_IV | LR | ORGAN | #80b880 | neck level iv, level iv, 頸部レベルiv
LN_Neck_V | LR | ORGAN | #78b078 | neck level v, level v, 頸部レベルv
LN_Neck_VI | LR | ORGAN | #88b888 | neck level vi, level vi, 頸部レベルvi
LN_Iliac | LR | ORGAN | #a0c890 | common iliac nodes, 総腸骨リンパ節
LN_Iliac_Ext | LR | ORGAN | #98c088 | external iliac nodes, 外腸骨リンパ節
LN_Iliac_Int | LR | ORGAN | #90b880 | internal iliac nodes, 内腸骨リンパ節
LN_Obturator | LR | ORGAN | #88b078 | obturator nodes, 閉鎖リンパ節
LN_Inguinofem | LR | ORGAN | #a8c080 | inguinal nodes, inguinofemoral nodes, leistenlymphknoten,
鼠径リンパ節
LN_Presacral | -LR | ORGAN | #98b888 | presacral nodes, 仙骨前リンパ節
LN_Pelvics | - | ORGAN | #90b088 | pelvic nodes, pelvic lymph nodes, 骨盤リンパ節
LN_Paraaortic | - | ORGAN | #a0b890 | paraaortic nodes, para aortic nodes, 傍大動脈リンパ節
A_Celiac | - | ORGAN | #e85048 | celiac artery, celiac trunk, coeliac trunk, truncus coeliacus, 腹腔動脈
A_Mesenteric_S | - | ORGAN | #e04840 | superior mesenteric artery, sma, arteria mesenterica superior,
上腸間膜動脈
A_Mesenteric_I | - | ORGAN | #d84038 | inferior mesenteric artery, arteria mesenterica inferior,
下腸間膜動脈
V_Portal | - | ORGAN | #6060c8 | portal vein, pfortader, vena portae, 門脈
BileDuct_Common | - | ORGAN | #8aa84a | common bile duct, bile duct, cbd, gallengang, 総胆管, 胆管
Appendix | - | ORGAN | #b88848 | vermiform appendix, wurmfortsatz, 虫垂
Cecum | - | ORGAN | #b08040 | caecum, zökum, blinddarm, 盲腸
Colon_Ascending | - | ORGAN | #b07830 | ascending colon, colon ascendens, 上行結腸
Colon_Transverse | - | ORGAN | #a87030 | transverse colon, colon transversum, 横行結腸
Colon_Decending | - | ORGAN | #a06828 | descending colon, colon descending, colon descendens, 下行結腸
Jejunum | - | ORGAN | #e8b870 | 空腸
Ileum | - | ORGAN | #d8a860 | 回腸
Jejunum_Ileum | - | ORGAN | #e0b068 | jejunum ileum, 空腸回腸
Peritoneum | - | ORGAN | #c8a880 | bauchfell, 腹膜
Kidney_Cortex | LR | ORGAN | #d07848 | renal cortex, kidney cortex, nierenrinde, 腎皮質
Kidney_Hilum | LR | ORGAN | #b86838 | renal hilum, nierenhilus, 腎門
Kidney_Pelvis | LR | ORGAN | #d88850 | renal pelvis, nierenbecken, 腎盂
Pancreas_Head | - | ORGAN | #d8b868 | head of pancreas, pancreatic head, pankreaskopf, 膵頭部, 膵頭
Pancreas_Tail | - | ORGAN | #e8c878 | tail of pancreas, pancreatic tail, pankreasschwanz, 膵尾部, 膵尾
Spleen_Hilum | - | ORGAN | #a85878 | splenic hilum, milzhilus, 脾門
Ureter | LR | ORGAN | #e8d080 | harnleiter, 尿管
Ureters | - | ORGAN | #e0c878 | both ureters, 両側尿管
Anus | - | ORGAN | #8a5828 | 肛門
Sphincter_Anal | - | ORGAN | #905830 | anal sphincter, analsphinkter, schliessmuskel, 肛門括約筋
Bladder_Wall | - | ORGAN | #f0c840 | bladderwall, wall of bladder, blasenwand, 膀胱壁
Rectal_Wall | - | ORGAN | #9c6030 | rectum wall, rectal wall, wall of rectum, rektumwand, 直腸壁
ProstateBed | - | ORGAN | #60c0c0 | prostate bed, prostatabett, prostataloge, 前立腺床
SeminalVes_Prox | - | ORGAN | #48b8a8 | proximal seminal vesicles, proximal seminal vesicle, 精嚢近位部
SeminalVes_Dist | - | ORGAN | #40a898 | distal seminal vesicles, distal seminal vesicle, 精嚢遠位部
Urethra_Prostatc | - | ORGAN | #e8d088 | prostatic urethra, 前立腺部尿道
Penis | - | ORGAN | #d098a8 | 陰茎
Scrotum | - | ORGAN | #c890b0 | hodensack, 陰嚢
Genitals | - | ORGAN | #d0a0b0 | external genitalia, genitalia, genitalien, 外性器, 外陰部
Vulva | - | ORGAN | #e098b0 | 外陰
Perineum | - | ORGAN | #d8a8a0 | 会陰
Parametrium | - | ORGAN | #d880a8 | parametrien, 子宮傍組織
VaginalCuff | - | ORGAN | #e0a0b8 | vaginal cuff, scheidenstumpf, 腟断端, 膣断端
Ovaries | - | ORGAN | #d898c0 | both ovaries, ovarien, eierstöcke, 両側卵巣
Femurs | - | ORGAN | #d0c090 | both femurs, 両側大腿骨
Femur_Neck | LR | ORGAN | #e0d0a0 | femoral neck, neck of femur, schenkelhals, 大腿骨頸部
Femur_Joint | LR | ORGAN | #d8c898 | hip joint, hüftgelenk, 股関節
Acetabulum | LR | ORGAN | #d0c8a0 | hip socket, hüftpfanne, 寛骨臼
Bone_Ilium | LR | ORGAN | #c8bc98 | ilium, iliac bone, darmbein, 腸骨
Bone_Ischium | LR | ORGAN | #c0b490 | ischium, sitzbein, 坐骨
PubicSymphys | - | ORGAN | #d0c098 | pubic symphysis, symphysis pubis, symphyse, 恥骨結合
SacralPlex | - | ORGAN | #d8b058 | sacral plexus, lumbosacral plexus, plexus sacralis, 仙骨神経叢
A_Iliac | LR | ORGAN | #e85850 | common iliac artery, arteria iliaca communis, 総腸骨動脈
A_Iliac_Ext | LR | ORGAN | #e06058 | external iliac artery, 外腸骨動脈
A_Iliac_Int | LR | ORGAN | #d86860 | internal iliac artery, 内腸骨動脈
A_Femoral | LR | ORGAN | #e07068 | femoral artery, 大腿動脈
V_Iliac | LR | ORGAN | #6870c8 | common iliac vein, 総腸骨静脈
V_Iliac_Ext | LR | ORGAN | #7078d0 | external iliac vein, 外腸骨静脈
V_Iliac_Int | LR | ORGAN | #7880d8 | internal iliac vein, 内腸骨静脈
BoneMarrow | - | ORGAN | #e0b8a0 | bone marrow, knochenmark, 骨髄
ThecalSac | - | ORGAN | #f0d888 | thecal sac, duralsack, 硬膜嚢, 硬膜管
SpinalCord_Cerv | - | ORGAN | #ffe870 | cervical spinal cord, cervical cord, halsmark, 頸髄
SpinalCord_Thor | - | ORGAN | #f8dc60 | thoracic spinal cord, thoracic cord, brustmark, 胸髄
SpinalCord_Lum | - | ORGAN | #f0d050 | lumbar spinal cord, lumbar cord, 腰髄
Dens | - | ORGAN | #d8ccb0 | odontoid, odontoid process, dens axis, 歯突起
VBs | - | ORGAN | #d0c4a8 | vertebral bodies, wirbelkörper, 椎体
Radius | LR | ORGAN | #d0c8a0 | speiche, 橈骨
Fibula | LR | ORGAN | #c8c098 | wadenbein, 腓骨
Scar | - | ORGAN | #d89888 | narbe, 瘢痕
TumorBed | - | ORGAN | #f07858 | tumor bed, tumour bed, tumorbett, 腫瘍床
GTV | - | GTV | #ff4040 | gross tumor volume, gross tumour volume, tumor, tumour, 肉眼的腫瘍体積
GTVp | - | GTV | #ff3030 | primary gtv, gtv primary, gtv t, gtv primär, gtv primärtumor, gtv 原発,
gtv 原発巣, 原発巣
GTVn | - | GTV | #ff6060 | nodal gtv, gtv nodal, gtv n, gtv ln, gtv node, gtv nodes, gtv lymph nodes,
gtv lk, gtv リンパ節
CTV | - | CTV | #ff9f40 | clinical target volume, klinisches zielvolumen, 臨床標的体積
CTVp | - | CTV | #ff8f30 | primary ctv, ctv primary, ctv t, ctv 原発
CTVn | - | CTV | #ffb060 | nodal ctv, ctv nodal, ctv n, ctv ln, ctv node, ctv nodes, ctv リンパ節
ITV | - | CTV | #ffc040 | internal target volume, 体内標的体積
PTV | - | PTV | #ff40ff | planning target volume, planungszielvolumen, 計画標的体積
PTVp | - | PTV | #f030f0 | primary ptv, ptv primary
PTVn | - | PTV | #ff70ff | nodal ptv, ptv nodal
"""
_SPINE = (("C", "C{}", 7, "hwk", "頸椎"), ("T", "T{:02}", 12, "bwk", "胸椎"), ("L", "L{}", 5, "lwk", "腰椎"))
"""Vertebrae: letter, number in TG-263's form, how many, and what Germans and Japanese call them."""
_VERTEBRAE = "".join(
    f"VB_{form.format(n)} | - | ORGAN | #d4c8a8 | vertebra {letter}{n}, vertebrae {letter}{n}, "
    f"vertebral body {letter}{n}, vb {letter}{n}, {german} {n}, 第{n}{japanese}\n"
    for letter, form, count, german, japanese in _SPINE
    for n in range(1, count + 1)
)
_RIBS = "".join(
    f"Rib{n:02} | LR | ORGAN | #d8d0b8 | rib {n}, {n} rib, rippe {n}, {n} rippe, 第{n}肋骨\n"
    for n in range(1, 13)
)
ROWS = _ORGANS + _VERTEBRAE + _RIBS
"""One structure a line: base name | sides | kind | #rrggbb | synonyms.  Sides: `LR` (one must be named),
`-` (none), `-LR` (also undivided).  A row goes on after a line that ends with a comma."""
