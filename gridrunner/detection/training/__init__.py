"""Learning the weights from saved facts and labels: `python -m gridrunner.detection.training --help`.

Not used at run time; scikit-learn (the `train` extra) is imported only in `fit`.
"""
