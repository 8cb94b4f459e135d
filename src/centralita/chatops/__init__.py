"""The Slack app: what people do there becomes commands of the services."""
