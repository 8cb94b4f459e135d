"""The troubleshooting assistant that guides customers step by step."""
