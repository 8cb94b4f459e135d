"""GitHub and GitHub Enterprise Server: webhooks of repositories, organisations and apps."""
