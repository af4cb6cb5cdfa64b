"""The methods paragraphs of an analysis, English and Japanese, from its result alone.

Every number in them is one of the result or of the versions given; every method has its reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from models.statistics.errors import AnalysisConfigError
from models.statistics.methods_dose_map import dose_map_en, dose_map_ja
from models.statistics.methods_network import network_en, network_ja
from models.statistics.methods_outcome import outcome_en, outcome_ja
from models.statistics.methods_readers import readers_en, readers_ja
from models.statistics.methods_subtypes import subtypes_en, subtypes_ja
from models.statistics.methods_survival import survival_en, survival_ja

Language = Literal["en", "ja"]
Write = Callable[[Mapping[str, Any]], tuple[list[str], list[str]]]
"""Sentences, and the keys of REFERENCES that they name."""
_KINDS: dict[str, dict[Language, Write]] = {
    "reader-study": {"en": readers_en, "ja": readers_ja},
    "dose-map": {"en": dose_map_en, "ja": dose_map_ja},
    "subtypes": {"en": subtypes_en, "ja": subtypes_ja},
    "survival": {"en": survival_en, "ja": survival_ja},
    "outcome": {"en": outcome_en, "ja": outcome_ja},
    "outcome-network": {"en": network_en, "ja": network_ja},
}
REFERENCES = {
    "koo": "Koo TK, Li MY. J Chiropr Med 2016;15:155-163.",
    "monti": "Monti S et al. Mach Learn 2003;52:91-118.",
    "pac": "Senbabaoglu Y et al. Sci Rep 2014;4:6207.",
    "m3c": "John CR et al. Sci Rep 2020;10:1816.",
    "silhouette": "Rousseeuw PJ. J Comput Appl Math 1987;20:53-65.",
    "sigclust": "Liu Y et al. J Am Stat Assoc 2008;103:1281-1293.",
    "rotation": "Langsrud O. Stat Comput 2005;15:53-60.",
    "westfall": "Westfall PH, Young SS. Resampling-Based Multiple Testing. Wiley 1993.",
    "hennig": "Hennig C. Comput Stat Data Anal 2007;52:258-271.",
    "rand": "Hubert L, Arabie P. J Classif 1985;2:193-218.",
    "bh": "Benjamini Y, Hochberg Y. J R Stat Soc B 1995;57:289-300.",
    "kruskal": "Kruskal WH, Wallis WA. J Am Stat Assoc 1952;47:583-621.",
    "plusplus": "Arthur D, Vassilvitskii S. Proc SODA 2007:1027-1035.",
    "ward": "Ward JH. J Am Stat Assoc 1963;58:236-244.",
    "pam": "Kaufman L, Rousseeuw PJ. Finding Groups in Data. Wiley 1990.",
    "km": "Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481.",
    "logrank": "Mantel N. Cancer Chemother Rep 1966;50:163-170.",
    "follow": "Schemper M, Smith TL. Control Clin Trials 1996;17:343-346.",
    "cox": "Cox DR. J R Stat Soc B 1972;34:187-220.",
    "efron": "Efron B. J Am Stat Assoc 1977;72:557-565.",
    "schoenfeld": "Grambsch PM, Therneau TM. Biometrika 1994;81:515-526.",
    "firth": "Heinze G, Schemper M. Biometrics 2001;57:114-119.",
    "maximal": "Lausen B, Schumacher M. Biometrics 1992;48:73-85.",
    "aalen": "Aalen OO, Johansen S. Scand J Stat 1978;5:141-150.",
    "gray": "Gray RJ. Ann Stat 1988;16:1141-1154.",
    "finegray": "Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496-509.",
    "obuchowski": "Obuchowski NA, Rockette HE. Commun Stat Simul Comput 1995;24:285-308.",
    "hillis": "Hillis SL. Stat Med 2007;26:596-619.",
    "wafroc": "Chakraborty DP, Zhai X. Med Phys 2016;43:2264-2274.",
    "nested": "Varma S, Simon R. BMC Bioinformatics 2006;7:91.",
    "elastic": "Zou H, Hastie T. J R Stat Soc B 2005;67:301-320.",
    "coxnet": "Simon N et al. J Stat Softw 2011;39(5):1-13.",
    "forest": "Breiman L. Mach Learn 2001;45:5-32.",
    "rsf": "Ishwaran H et al. Ann Appl Stat 2008;2:841-860.",
    "boosting": "Friedman JH. Ann Stat 2001;29:1189-1232.",
    "delong": "DeLong ER et al. Biometrics 1988;44:837-845.",
    "youden": "Youden WJ. Cancer 1950;3:32-35.",
    "platt": "Platt J. In: Advances in Large Margin Classifiers. MIT Press 1999:61-74.",
    "decision": "Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574.",
    "harrell": "Harrell FE et al. Stat Med 1996;15:361-387.",
    "uno": "Uno H et al. Stat Med 2011;30:1105-1117.",
    "brier": "Graf E et al. Stat Med 1999;18:2529-2545.",
    "decisions": "Vickers AJ et al. BMC Med Inform Decis Mak 2008;8:53.",
    "wolf": "Ledoit O, Wolf M. J Multivar Anal 2004;88:365-411.",
    "gradcam": "Selvaraju RR et al. Proc ICCV 2017:618-626.",
    "occlusion": "Zeiler MD, Fergus R. Proc ECCV 2014:818-833.",
    "fused": "Tibshirani R et al. J R Stat Soc B 2005;67:91-108.",
    "condat": "Condat L. J Optim Theory Appl 2013;158:460-479.",
    "zhou": "Zhou H, Li L, Zhu H. J Am Stat Assoc 2013;108:540-552.",
    "niemierko": "Niemierko A. Med Phys 1999;26:1100.",
    "winkler": "Winkler AM et al. NeuroImage 2014;92:381-397.",
    "stability": "Meinshausen N, Bühlmann P. J R Stat Soc B 2010;72:417-473.",
    "shah": "Shah RD, Samworth RJ. J R Stat Soc B 2013;75:55-80.",
    "holm": "Holm S. Scand J Stat 1979;6:65-70.",
}
"""In the order in which a paragraph lists them."""


def methods(result: Mapping[str, Any], versions: Mapping[str, str]) -> dict[str, str]:
    """The paragraph in each language, `{"en", "ja"}`; `versions` is `{library: version}` of the analysis."""
    return {"en": paragraph(result, versions, "en"), "ja": paragraph(result, versions, "ja")}


def paragraph(result: Mapping[str, Any], versions: Mapping[str, str], language: Language) -> str:
    """One paragraph and its references; AnalysisConfigError for a kind that has none."""
    kind = str(result.get("kind"))
    if kind not in _KINDS:
        raise AnalysisConfigError(f"{kind!r} is no kind of result that is described", where="kind")
    sentences, named = _KINDS[kind][language](result)
    sentences.append(_software(versions, language))
    listed = [text for key, text in REFERENCES.items() if key in named]
    head = "References" if language == "en" else "文献"
    text = (" " if language == "en" else "").join(one for one in sentences if one)
    return f"{text}\n\n{head}: {' '.join(listed)}"


def _software(versions: Mapping[str, str], language: Language) -> str:
    if not versions:
        return ""
    listed = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"Software: {listed}." if language == "en" else f"使用ソフトウェア: {listed}。"
