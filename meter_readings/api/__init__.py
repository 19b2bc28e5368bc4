"""The REST API: what is stored, for programs.

Each module is named by what it knows of: `filters` what may be asked, `pagination` how
much comes at once, `serializers` how rows look, `permissions` who may see what,
`errors` how refusals look, `exporting` the streamed formats, `schema` how all of it is
described. The views only put them together.
"""
