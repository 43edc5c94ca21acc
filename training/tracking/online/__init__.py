"""The online tracker of DSLT (Lu et al., ECCV 2018): a regression network learnt on the first frame and kept up to date."""
