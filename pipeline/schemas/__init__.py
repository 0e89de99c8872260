"""The wire contract: what a record of each kind holds, and how it becomes rows of the frame or context facts.

`wire.parse_event` is the way in, `frames.to_frame` and `frames.to_facts` the way on, `export.export_schemas` writes the
contract as JSON Schema. Nothing here touches a file, a broker or a database, but for that export.
"""
