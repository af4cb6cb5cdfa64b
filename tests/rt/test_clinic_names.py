"""Names as clinics and their software write them, and names that look like organs and are none."""

from __future__ import annotations

import pytest

from rt.nomenclature import Confidence, Finding, map_name

EXACT = """
Brain = brain; BRAIN; Gehirn; 脳; 全脳; Ganzhirn
Brainstem = Brainstem; BrainStem; BRAIN_STEM; brain stem; Hirnstamm; Stammhirn; 脳幹
SpinalCord = Spinal Cord; spinal_cord; SPINALCORD; SC; Cord; Rückenmark; RUECKENMARK; Myelon; 脊髄
OpticChiasm = Chiasm; Optic_Chiasm; Chiasma; Chiasma opticum; 視交叉; 視神経交叉
OpticNrv_L = Optic Nerve L; left optic nerve; Sehnerv li; Sehnerv links; 左視神経; 視神経（左）;
N. opticus li.
OpticNrv_R = OpticNerve_R; RightOpticNerve; Sehnerv re.; 右視神経; opt nerve rt
Eye_L = Eye_L; Left Eye; Auge li; Bulbus links; 左眼球; 左眼
Eye_R = RightEye; globe rt; Augapfel rechts; 右眼球; 眼球 右
Lens_L = Lens L; Linse li.; 左水晶体; ﾚﾝｽﾞ左
Lens_R = LENS_RT; Linse re; 右水晶体; 右レンズ
Cochlea_L = Left Cochlea; cochlea_l; 左蝸牛
Ear_Internal_R = Innenohr re; right inner ear; 右内耳
Glnd_Lacrimal_R = Lacrimal Gland R; Tränendrüse rechts; 右涙腺
Pituitary = Hypophyse; pituitary gland; 下垂体
Hippocampus_L = Hippocampus links; L hippocampus; 左海馬
Lobe_Temporal_R = Temporal lobe right; Temporallappen re; 右側頭葉
Parotid_L = Parotid Lt; lt parotis; PAROTID_L; Ohrspeicheldrüse li; Parotis links; 左耳下腺;
ＰＡＲＯＴＩＤ＿Ｌ; 耳下腺 左
Parotid_R = parotid gland, rt; RightParotid; Parotis re; Glandula parotis rechts; 右耳下腺; 耳下腺（右）;
右側耳下腺
Parotids = Parotids; both parotids; 両耳下腺
Glnd_Submand_L = Submandibular L; SMG_L; left submandibular gland; Unterkieferspeicheldrüse li; 左顎下腺
Glnd_Submand_R = Glnd_Submand_R; Submand_R; rt submandibular; 右顎下腺
Glnd_Thyroid = Thyroid; thyroid gland; Schilddrüse; 甲状腺
Cavity_Oral = Oral Cavity; OralCavity; Mundhöhle; 口腔
Bone_Mandible = Mandible; MANDIBLE; Unterkiefer; Mandibula; 下顎骨; 下顎
Joint_TM_L = TMJ L; Kiefergelenk li; 左顎関節
Larynx = larynx; Kehlkopf; 喉頭
Larynx_SG = Supraglottis; supraglottic larynx
Musc_Constrict_S = superior pharyngeal constrictor; SPC; 上咽頭収縮筋
BrachialPlex_R = Brachial Plexus R; Plexus brachialis re; 右腕神経叢
Esophagus = Oesophagus; esophagus; Ösophagus; Speiseröhre; 食道
Trachea = trachea; Luftröhre; 気管
Lung_L = Lung L; LeftLung; LLung; Lunge links; Lunge li.; 左肺
Lung_R = Lung_Right; RtLung; Lunge re; 右肺
Lungs = both lungs; Lungs; Lunge gesamt; 両肺; 全肺
Lung_LLL = left lower lobe; 左肺下葉
Heart = HEART; Herz; 心臓
A_LAD = LAD; A. LAD; 左前下行枝
Breast_L = Breast Lt; Mamma links; 左乳房
Liver = liver; Leber; 肝臓
Lips = Lippen; 口唇; 唇
Kidney_L = Kidney_L; left kidney; Niere li; 左腎; 左腎臓
Kidney_R = RT KIDNEY; Niere rechts; 右腎
Kidneys = both kidneys; Nieren; 両腎
Spleen = Milz; 脾臓
Stomach = Magen; 胃
Duodenum = duodenum; Zwölffingerdarm; 十二指腸
Pancreas = Bauchspeicheldrüse; 膵臓
Bowel_Small = Small Bowel; Dünndarm; 小腸
Bag_Bowel = Bowel Bag; bowelbag
Colon_Sigmoid = Sigmoid; Sigma; S状結腸
Rectum = rectum; Rektum; Enddarm; 直腸
Canal_Anal = anal canal; Analkanal; 肛門管
Bladder = Bladder; urinary_bladder; Harnblase; Blase; 膀胱
Prostate = Prostata; 前立腺
SeminalVes = Seminal Vesicles; Samenblasen; 精嚢
PenileBulb = Penile_Bulb; Bulbus penis
Femur_Head_L = FemoralHead_L; Femoral Head Lt; Hüftkopf li; 左大腿骨頭
Femur_Head_R = femoral_head_r; Femurkopf rechts; 右大腿骨頭
Bone_Pelvic = Pelvis; Becken; 骨盤
Bone_Pelvic_L = Bone_Pelvic_L
Uterus = Gebärmutter; 子宮
CaudaEquina = cauda equina; 馬尾
VB_L1 = LWK 1; vertebra L1; 第1腰椎; VB_L1
VB_T12 = BWK12; 第12胸椎
Rib05_L = 左第5肋骨; Rippe 5 li
External = BODY; External; Aussenkontur; Außenkontur; 体輪郭
GTVp = GTVp; GTV_p; GTV-T; GTV原発
GTVn = GTV_N; GTV nodal; GTVリンパ節
CTV = ctv; 臨床標的体積
"""
NORMALISED = """
Rib05_L = rib_left_5
Parotid_L = parotid_l_AI; AI_Parotid_L; Parotid_L (auto); lparotid; parotidl
Parotid_R = rtparotid; parotidrt
Femur_Head_R = Head_Femur_R; Head Femoral Right
SpinalCord = SpinalCord_AI; Cord_Spinal; DLC SpinalCord
Brainstem = Brainstem_MBS; Stem Brain
Heart = Heart_final; OAR_Heart
Kidney_L = lkidney
Lung_R = rlung; lungrt
"""
DERIVED = """
SpinalCord_PRV05 = Cord+5mm; Cord + 5 mm; SpinalCord_PRV05; SpinalCord PRV 5mm; PRV Cord 5mm;
Rückenmark PRV 5mm; 脊髄PRV5mm; 脊髄+5mm; ＰＲＶ 脊髄 ５ｍｍ; Cord PRV 0.5 cm; CordPRV5
SpinalCord_PRV = Cord PRV; SpinalCord_PRV; PRV_SpinalCord
Brainstem_PRV03 = Brainstem_PRV_3; Hirnstamm PRV 3 mm; Brainstem+3; BS PRV03
OpticChiasm_PRV3 = Chiasm PRV 3mm; OpticChiasm_PRV3
OpticNrv_PRV03_L = OpticNrv_L_PRV03; left optic nerve PRV 3mm; Sehnerv li +3mm; 左視神経PRV3mm
PTV_7000 = PTV70; PTV 70 Gy; PTV_70Gy; ptv7000; PTV_7000cGy; 70Gy PTV; PTV(70Gy); ＰＴＶ７０Ｇｙ; PTV 70.0
PTV_5940 = PTV 59.4; PTV 59,4 Gy
PTV_800 = PTV 8 Gy
CTVn_5400 = CTV_n 54; CTVn54; CTV N 54Gy; CTV-n_5400
GTVp_7000 = GTVp 70; GTV_T 70Gy
PTV_High = PTV high; PTV_High
PTV_Low02 = ptv low02
PTV1 = PTV 1; PTV1
GTVn2 = GTVn2; GTV_n 2
"""
UNKNOWN = """
side-missing = parotid; Parotis; 耳下腺; Eye; Auge; 眼球; Lens; Optic Nerve; Sehnerv; Kidney; Lung; Lunge;
肺; Cochlea; Femoral head; Breast; Submandibular
side-unexpected = Mandible_L; Larynx right; Leber re; 右食道; SpinalCord_L; Unterkiefer li; Rectum R
both-sides = Parotid_L_R; 左右耳下腺; Lunge li re; left right kidney
helper = Not parotid; Ring_Parotid_L; Parotid_L_opt; zParotid_L; Avoid_Cord; SpinalCord_old; dummy larynx;
ohne Parotis li; Parotid_L crop; _Parotid_L; 最適化 左耳下腺; 右耳下腺以外; non-heart; Heart block
combined = Parotid_L-PTV; Lungs-GTV; Lung_L minus PTV70; Heart+Lungs; Lungs & Heart; Kidneys∩Liver;
Brain-GTV; ~Brain; Parotid_L?; PTV70-Parotid_L; PTV in Lung; Cord-PTV; Lung_L^Ex; Parotid li/re
not-listed = zug; ; Optics; GTV_Mass; PTV999999; PTV05; PTV 12; Cord PRV 2.5mm; PTV PRV 5mm; Cord_5mm;
Cord-5mm; Brainsteem; Parathyroids foo; Stent; Marker 1; Clips; Tattoo; Spinal; Nerv li; 不明; Bulbs;
liverr; Nodule; Seroma; rear; lips l ower
"""


def rows(table: str) -> list[tuple[str, str]]:
    """What is expected, and each of the texts that it is expected of."""
    parts = [line.split(" = ", 1) for line in table.strip().replace(";\n", "; ").splitlines()]
    return [(wanted, text.strip()) for wanted, texts in parts for text in texts.split(";")]


NAMED: list[tuple[Confidence, str, str]] = [
    *(("exact", *row) for row in rows(EXACT)),
    *(("normalised", *row) for row in rows(NORMALISED)),
    *(("derived", *row) for row in rows(DERIVED)),
]


@pytest.mark.parametrize(("confidence", "name", "text"), NAMED)
def test_what_clinics_write_is_named(confidence: Confidence, name: str, text: str) -> None:
    found = map_name(text)
    assert found.match is not None, found
    assert (found.match.name, found.confidence, found.finding) == (name, confidence, None)
    again = map_name(name)
    assert again.match == found.match, "a name of TG-263 means itself"


@pytest.mark.parametrize(("finding", "text"), rows(UNKNOWN))
def test_what_is_no_organ_or_not_certain_stays_as_it_came(finding: Finding, text: str) -> None:
    found = map_name(text)
    assert found.match is None, found
    assert (found.confidence, found.finding) == ("unknown", finding)


def test_there_are_many_names() -> None:
    assert len(NAMED) >= 200
    assert len(rows(UNKNOWN)) >= 60


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("parotid", ("Parotid_R", "Parotid_L")),
        ("耳下", ("Parotid_R", "Parotid_L")),
        ("Mandible_L", ("Bone_Mandible",)),
        ("Parotid_L_R", ("Parotid_R", "Parotid_L")),
        ("Ring_Parotid_L", ()),
        ("Parotid_L-PTV", ()),
    ],
)
def test_candidates_are_offered_only_for_the_organ_itself(text: str, candidates: tuple[str, ...]) -> None:
    assert map_name(text).candidates == candidates


def test_what_is_being_typed_leads_to_names_that_begin_so() -> None:
    assert map_name("rückenm").candidates[0] == "SpinalCord"
    assert map_name("視").candidates != ()
    assert len(map_name("mus").candidates) <= 8
