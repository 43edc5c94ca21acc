"""The report: one self-contained page, a summary for the terminal, tables for `dvc plots show`.

    content       what the page is made of, as plain values
    page          `write_report`: content to one HTML file
    summary       `summary_table`: the same scores in a terminal
    sheet         `score_sheet`: all numbers of one benchmark in a terminal
    series_files  `write_plot_files`: curves as CSV for `dvc plots show`
    filmstrips    `choose_filmstrips`: which sequences to show, and their frames
    published     reference numbers from papers (published.json)

The rest serves `page`: `palette` (a colour for each tracker), `tables`,
`ranking`, `breakdowns`, `margins` (numbers), `figures`, `timelines`, `vector` (SVG), `strips`, `pictures`
(photographs), `templates/` (HTML, CSS). Nothing is imported here: the summary needs
neither matplotlib nor jinja2.
"""
