"""A local InvGate: Service Desk and Assets, webhooks out by rules, a control API for tests; and a bare sender of its
webhooks."""

from centralita.sandbox.invgate.app import LocalInvGate
from centralita.sandbox.invgate.rules import Rule
from centralita.sandbox.invgate.sender import InvGateSender
from centralita.sandbox.invgate.tokens import API_TOKEN, API_USER, CLIENT_ID, CLIENT_SECRET

__all__ = ["API_TOKEN", "API_USER", "CLIENT_ID", "CLIENT_SECRET", "InvGateSender", "LocalInvGate", "Rule"]
