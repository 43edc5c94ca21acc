"""The report: one self-contained page, a summary for the terminal, tables for `dvc plots show`.

content      what the page is made of, as plain values
page         `write_report`: content to one HTML file
summary      `summary_table`: the same scores in a terminal
series_files `write_plot_files`: curves as CSV for `dvc plots show`
filmstrips   which sequences to show, and their frames
published    reference numbers from papers

Nothing here is imported by default: the summary needs neither matplotlib nor jinja2.
"""
