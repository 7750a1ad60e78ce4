"""What BI tools need beside the marts; each tool has a folder, and the marts know none of them.

Belongs here: connections, datasets and dashboards of a tool, as code. Does not belong here:
numbers; whatever a tool shows is a column of a mart, or a quotient of sums of two.
"""
