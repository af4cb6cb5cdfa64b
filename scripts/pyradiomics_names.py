"""Which feature of pyradiomics is which of IBSI's; what is not here has no equal by definition."""

from __future__ import annotations

FAMILIES = {
    "shape": "morph",
    "firstorder": "stat",
    "glcm": "cm",
    "glrlm": "rlm",
    "glszm": "szm",
    "gldm": "ngl",
    "ngtdm": "ngt",
}
SUFFIXES = {"cm": "_3D_avg", "rlm": "_3D_avg", "szm": "_3D", "ngl": "_3D", "ngt": "_3D"}
"""pyradiomics averages over the directions."""

_TEXT = {
    "shape": """MeshVolume volume, VoxelVolume vol_approx, SurfaceArea area_mesh, SurfaceVolumeRatio av,
        Sphericity sphericity, Maximum3DDiameter diam, Elongation pca_elongation, Flatness pca_flatness""",
    "firstorder": """Mean mean, Variance var, Skewness skew, Median median, Minimum min, 10Percentile p10,
        90Percentile p90, Maximum max, InterquartileRange iqr, Range range, MeanAbsoluteDeviation mad,
        RobustMeanAbsoluteDeviation rmad, Energy energy, RootMeanSquared rms, Kurtosis kurt""",
    "glcm": """Autocorrelation auto_corr, JointAverage joint_avg, ClusterProminence clust_prom,
        ClusterShade clust_shade, ClusterTendency clust_tend, Contrast contrast, Correlation corr,
        DifferenceAverage diff_avg, DifferenceEntropy diff_entr, DifferenceVariance diff_var,
        JointEnergy energy, JointEntropy joint_entr, Imc1 info_corr1, Imc2 info_corr2, Idm inv_diff_mom,
        Idmn inv_diff_mom_norm, Id inv_diff, Idn inv_diff_norm, InverseVariance inv_var,
        MaximumProbability joint_max, SumAverage sum_avg, SumEntropy sum_entr, SumSquares joint_var""",
    "glrlm": """ShortRunEmphasis sre, LongRunEmphasis lre, GrayLevelNonUniformity glnu,
        GrayLevelNonUniformityNormalized glnu_norm, RunLengthNonUniformity rlnu,
        RunLengthNonUniformityNormalized rlnu_norm, RunPercentage r_perc, GrayLevelVariance gl_var,
        RunVariance rl_var, RunEntropy rl_entr, LowGrayLevelRunEmphasis lgre, HighGrayLevelRunEmphasis hgre,
        ShortRunLowGrayLevelEmphasis srlge, ShortRunHighGrayLevelEmphasis srhge,
        LongRunLowGrayLevelEmphasis lrlge, LongRunHighGrayLevelEmphasis lrhge""",
    "glszm": """SmallAreaEmphasis sze, LargeAreaEmphasis lze, GrayLevelNonUniformity glnu,
        GrayLevelNonUniformityNormalized glnu_norm, SizeZoneNonUniformity zsnu,
        SizeZoneNonUniformityNormalized zsnu_norm, ZonePercentage z_perc, GrayLevelVariance gl_var,
        ZoneVariance zs_var, ZoneEntropy zs_entr, LowGrayLevelZoneEmphasis lgze,
        HighGrayLevelZoneEmphasis hgze,
        SmallAreaLowGrayLevelEmphasis szlge, SmallAreaHighGrayLevelEmphasis szhge,
        LargeAreaLowGrayLevelEmphasis lzlge, LargeAreaHighGrayLevelEmphasis lzhge""",
    "gldm": """SmallDependenceEmphasis lde, LargeDependenceEmphasis hde, GrayLevelNonUniformity glnu,
        DependenceNonUniformity dcnu, DependenceNonUniformityNormalized dcnu_norm, GrayLevelVariance gl_var,
        DependenceVariance dc_var, DependenceEntropy dc_entr, LowGrayLevelEmphasis lgce,
        HighGrayLevelEmphasis hgce, SmallDependenceLowGrayLevelEmphasis ldlge,
        SmallDependenceHighGrayLevelEmphasis ldhge, LargeDependenceLowGrayLevelEmphasis hdlge,
        LargeDependenceHighGrayLevelEmphasis hdhge""",
    "ngtdm": """Coarseness coarseness, Contrast contrast, Busyness busyness, Complexity complexity,
        Strength strength""",
}
NAMES = {family: dict(pair.split() for pair in text.split(",")) for family, text in _TEXT.items()}
"""By pyradiomics' class and feature."""


def own_name(theirs: str) -> str | None:
    """`log-sigma-1-0-mm-3D_glcm_Contrast` is `log-1mm_cm_contrast_3D_avg`; None where there is no equal."""
    image, family, feature = theirs.split("_")
    if feature not in NAMES.get(family, {}):
        return None
    if image.startswith("log"):
        whole, part = image.split("-")[2:4]
        image = f"log-{float(f'{whole}.{part}'):g}mm"
    own = FAMILIES[family]
    return f"{image.lower()}_{own}_{NAMES[family][feature]}{SUFFIXES.get(own, '')}"


def own_value(theirs: str, value: float) -> float:
    """Its value by IBSI's definition: the kurtosis is in excess of a Gaussian's."""
    return value - 3 if theirs.endswith("_firstorder_Kurtosis") else value
