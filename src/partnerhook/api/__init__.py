"""The management listener: health and metrics, the API for scripts, the console for people; not for the internet."""
