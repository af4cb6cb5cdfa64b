"""The structures we know by name: TG-263 base name, sides, kind, colour, and what else people call them.

Base names are those of AAPM TG-263 (Mayo et al. 2018, doi:10.1016/j.ijrobp.2017.12.013); Bones, CouchSurface,
Sternum and Teeth, which it does not list, are formed by its rules.  Kinds are RT ROI
Interpreted Types (PS3.3 C.8.8.8.1).  Synonyms are English, German and Japanese; the side is not written.
"""

from __future__ import annotations

ROWS = """
Brain | - | ORGAN | #b8a07a | whole brain, gehirn, hirn, 脳, 全脳
Brainstem | - | ORGAN | #f2b84b | brain stem, bs, stammhirn, hirnstamm, 脳幹
Cerebellum | - | ORGAN | #9a8c6a | kleinhirn, 小脳
Cerebrum | - | ORGAN | #c8b48a | grosshirn, 大脳
SpinalCord | - | ORGAN | #ffe14d | cord, myelon, medulla spinalis, rückenmark, 脊髄
SpinalCanal | - | ORGAN | #ffd699 | canal spinal, spinalkanal, 脊柱管
CaudaEquina | - | ORGAN | #e6c84d | cauda, 馬尾
BrachialPlex | LR | ORGAN | #d9a441 | brachial plexus, plexus brachialis, armplexus, 腕神経叢
OpticChiasm | - | ORGAN | #57c7ff | chiasm, chiasma, chiasma opticum, sehnervenkreuzung, 視交叉
OpticNrv | LR | ORGAN | #2fa8e0 | optic nerve, nervus opticus, sehnerv, 視神経
Eye | LR | ORGAN | #7fd1e6 | eyeball, globe, orbit, auge, augapfel, bulbus, 眼球, 眼
Lens | LR | ORGAN | #b3f0ff | linse, augenlinse, 水晶体, レンズ
Cornea | LR | ORGAN | #cfefff | hornhaut, 角膜
Retina | LR | ORGAN | #5fb0c0 | netzhaut, 網膜
Glnd_Lacrimal | LR | ORGAN | #8fd0ff | lacrimal gland, lacrimal, tränendrüse, 涙腺
Cochlea | LR | ORGAN | #c58bff | inner ear, innenohr, schnecke, 蝸牛, 内耳
Ear_Middle | LR | ORGAN | #a87bd1 | middle ear, mittelohr, 中耳
Pituitary | - | ORGAN | #ff9ecb | hypophysis, hypophyse, pituitary gland, 下垂体
Hypothalmus | - | ORGAN | #e68ab8 | hypothalamus, 視床下部
Hippocampus | LR | ORGAN | #d98cff | hippokampus, 海馬
Lobe_Temporal | LR | ORGAN | #bfa36b | temporal lobe, temporallappen, schläfenlappen, 側頭葉
Parotid | LR | ORGAN | #4fd67a | parotid gland, parotis, glandula parotis, ohrspeicheldrüse, 耳下腺
Glnd_Submand | LR | ORGAN | #2fae6b | submandibular gland, submandibular, unterkieferspeicheldrüse, 顎下腺
Glnd_Subling | LR | ORGAN | #1f8f55 | sublingual gland, sublingual, unterzungenspeicheldrüse, 舌下腺
Glnd_Thyroid | - | ORGAN | #b07be0 | thyroid, thyroid gland, schilddrüse, 甲状腺
Cavity_Oral | - | ORGAN | #ff8fa3 | oral cavity, mouth, mundhöhle, 口腔
Lips | - | ORGAN | #ff7f9f | lip, lippe, lippen, 口唇
Tongue | - | ORGAN | #f06a86 | zunge, 舌
Larynx | - | ORGAN | #ff8a5c | kehlkopf, 喉頭
Pharynx | - | ORGAN | #e07a4a | rachen, schlund, 咽頭
Musc_Constrict | - | ORGAN | #d1663f | pharyngeal constrictor, constrictors, schlundschnürer, 咽頭収縮筋
Bone_Mandible | - | ORGAN | #e8e0c8 | mandible, mandibula, jaw, unterkiefer, 下顎骨, 下顎
Joint_TM | LR | ORGAN | #d0c6a8 | temporomandibular joint, tmj, tm joint, kiefergelenk, 顎関節
Teeth | - | ORGAN | #f5f0dc | tooth, zähne, 歯, 歯牙
A_Carotid | LR | ORGAN | #ff5252 | carotid, carotid artery, arteria carotis, halsschlagader, 頸動脈
Esophagus | - | ORGAN | #c98a5e | oesophagus, ösophagus, speiseröhre, 食道
Trachea | - | ORGAN | #7fc4d6 | luftröhre, windpipe, 気管
Carina | - | ORGAN | #5fa8bd | 気管分岐部
Bronchus | LR | ORGAN | #6fb6c9 | main bronchus, hauptbronchus, 気管支, 主気管支
Lung | LR | ORGAN | #66b2ff | pulmo, lunge, 肺
Lungs | - | ORGAN | #4d9fff | both lungs, lung total, total lung, lunge gesamt, 全肺
Heart | - | ORGAN | #ff6b6b | cor, herz, 心臓
Pericardium | - | ORGAN | #e05f5f | herzbeutel, 心膜
A_LAD | - | ORGAN | #ff3b6b | lad, left anterior descending, 左前下行枝
A_Aorta | - | ORGAN | #e53935 | aorta, hauptschlagader, 大動脈
A_Pulmonary | - | ORGAN | #8e63d6 | pulmonary artery, pulmonalarterie, 肺動脈
V_Venacava_S | - | ORGAN | #5c6bc0 | superior vena cava, svc, obere hohlvene, 上大静脈
V_Venacava_I | - | ORGAN | #3f51b5 | inferior vena cava, ivc, untere hohlvene, 下大静脈
Atrium | LR | ORGAN | #d46a9f | vorhof, 心房
Ventricle | LR | ORGAN | #c2577f | herzkammer, 心室
Breast | LR | ORGAN | #ffb3c1 | mamma, brust, 乳房
Chestwall | LR | ORGAN | #c9b8a0 | chest wall, thoraxwand, brustwand, 胸壁
Sternum | - | ORGAN | #d9d0b8 | brustbein, 胸骨
Liver | - | ORGAN | #b5651d | hepar, leber, 肝臓, 肝
Gallbladder | - | ORGAN | #7a9a3a | gallenblase, 胆嚢
Spleen | - | ORGAN | #9c4f6e | milz, 脾臓, 脾
Stomach | - | ORGAN | #e0a070 | magen, gaster, 胃
Pancreas | - | ORGAN | #e3c16f | bauchspeicheldrüse, 膵臓, 膵
Duodenum | - | ORGAN | #d49a4a | zwölffingerdarm, 十二指腸
Kidney | LR | ORGAN | #c26e3f | ren, niere, 腎臓, 腎
Kidneys | - | ORGAN | #b3602f | both kidneys, nieren, 両腎
Glnd_Adrenal | LR | ORGAN | #cf9f3f | adrenal, adrenal gland, suprarenal gland, nebenniere, 副腎
Bowel | - | ORGAN | #d1a05f | intestine, darm, 腸管
Bowel_Small | - | ORGAN | #e0b06a | small bowel, small intestine, dünndarm, 小腸
Bowel_Large | - | ORGAN | #b8863f | large bowel, large intestine, dickdarm, 大腸
Bag_Bowel | - | ORGAN | #c9a36b | bowel bag, bowel cavity, peritoneal cavity, darmraum, 腸管バッグ, 腹腔
Colon | - | ORGAN | #a9772f | kolon, 結腸
Colon_Sigmoid | - | ORGAN | #99692a | sigmoid, sigmoid colon, sigma, s状結腸
Rectum | - | ORGAN | #8d5524 | rektum, enddarm, mastdarm, 直腸
Canal_Anal | - | ORGAN | #7a4a20 | anal canal, anus, analkanal, 肛門管, 肛門
Bladder | - | ORGAN | #ffd54f | urinary bladder, vesica urinaria, harnblase, blase, 膀胱
Prostate | - | ORGAN | #5ac8c8 | prostata, vorsteherdrüse, 前立腺
SeminalVes | - | ORGAN | #3fb0a0 | seminal vesicle, seminal vesicles, samenblase, samenblasen, 精嚢
PenileBulb | - | ORGAN | #c78f9f | penile bulb, bulbus penis, 陰茎球部, 尿道球
Urethra | - | ORGAN | #f0d890 | harnröhre, 尿道
Uterus | - | ORGAN | #e085b0 | gebärmutter, 子宮
Cervix | - | ORGAN | #cf6f9f | cervix uteri, gebärmutterhals, 子宮頸部
Vagina | - | ORGAN | #d98ab0 | scheide, 膣, 腟
Ovary | LR | ORGAN | #e0a0c8 | ovar, eierstock, 卵巣
Testis | LR | ORGAN | #b0a0d8 | testicle, hoden, 精巣
Femur_Head | LR | ORGAN | #e6d8b0 | femoral head, femur head, hüftkopf, femurkopf, 大腿骨頭
Femur | LR | ORGAN | #d8c89a | thigh bone, oberschenkelknochen, 大腿骨
Bone_Pelvic | - | ORGAN | #cfc39f | pelvis, pelvic bones, becken, beckenknochen, 骨盤, 骨盤骨
Sacrum | - | ORGAN | #c4b78f | kreuzbein, 仙骨
Bones | - | ORGAN | #efe8d0 | bone, skeleton, knochen, 骨
Skin | - | ORGAN | #f0c8a8 | haut, 皮膚
External | - | EXTERNAL | #9aa5b1 | body, body outline, patient, aussenkontur, körper, 体表, 体輪郭
CouchSurface | - | SUPPORT | #708090 | couch, table, couch surface, tisch, 寝台, カウチ
Bolus | - | BOLUS | #66d9c0 | ボーラス
GTV | - | GTV | #ff4040 | gross tumor volume, gross tumour volume, tumor, tumour, 肉眼的腫瘍体積
GTVp | - | GTV | #ff3030 | primary gtv, gtv primary
GTVn | - | GTV | #ff6060 | nodal gtv, gtv nodal
CTV | - | CTV | #ff9f40 | clinical target volume, klinisches zielvolumen, 臨床標的体積
CTVp | - | CTV | #ff8f30 | primary ctv, ctv primary
CTVn | - | CTV | #ffb060 | nodal ctv, ctv nodal
ITV | - | CTV | #ffc040 | internal target volume, 体内標的体積
PTV | - | PTV | #ff40ff | planning target volume, planungszielvolumen, 計画標的体積
PTVp | - | PTV | #f030f0 | primary ptv, ptv primary
PTVn | - | PTV | #ff70ff | nodal ptv, ptv nodal
"""
"""One structure a line: base name | LR where it has sides | kind | #rrggbb | synonyms."""
