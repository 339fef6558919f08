"""Nothing secret leaves in a log, a traceback or a stream: by value first, by name and shape second."""
