"""Credentials beside passwords: API keys and their use, tokens, links of wall boards, sessions."""
