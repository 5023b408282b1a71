"""Summary networks: from an observation of many rows to one vector. A new one is one file and one line here.

`summaries:` in params.yaml says which one a task's observations are read through.
"""

SUMMARIES = {
    "convolution_lstm": "inversion.networks.summaries.convolution_lstm:ConvolutionLSTM",
    "deep_sets": "inversion.networks.summaries.deep_sets:DeepSets",
    "point_moments": "inversion.networks.summaries.point_moments:PointMoments",
    "set_transformer": "inversion.networks.summaries.set_transformer:SetTransformer",
    "time_series_transformer": "inversion.networks.summaries.time_series_transformer:TimeSeriesTransformer",
}
