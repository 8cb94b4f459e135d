"""NopeSight, events and changes of a CMDB's items."""
