"""The online tracker of DSLT (Lu et al., ECCV 2018): a regression learnt in the first frame and updated later."""
