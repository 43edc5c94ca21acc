"""Studies: forms of a network or tracker compared over several seeds, in one table and one plot.

loss_study  losses of the Siamese network: trained anew with each
ablation    parts of the online tracker: tracked with and without each
outcome     what both give: means and spreads over seeds, a Markdown table, a plot
"""
