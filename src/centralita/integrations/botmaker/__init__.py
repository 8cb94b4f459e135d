"""Botmaker, conversations with customers by bots and operators."""
