"""InvGate Service Desk: the bodies that its rules and workflows post."""
