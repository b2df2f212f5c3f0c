"""The hash engine: where a store path's hash stands in files, in whatever form, and how it is replaced there.

Read: `sources` (bytes by offset), `scanner` (the C scanner), `forms` (what is looked for), `formats` and `archives`
(what hides text). Decide: `chunks` (what a find means), `examine` (what is to be done about a file). Write: `files`.
"""
