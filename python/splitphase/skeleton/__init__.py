"""The skeleton of a source tree: what its configure step sees, so that an edit to anything else does not run it again.

`blank` takes the content out of files that configure is not expected to read, `watch` sees what is opened all the same,
`fill` puts the content of today's sources into a tree that was configured from the skeleton.
"""
