"""The pages of docs/, served under /docs: rendered Markdown, the side list, and an index to search in."""
