"""The parts of the embedded run (`manage.py up`) beside the server: its sockets, its jobs, the data of the demo."""
