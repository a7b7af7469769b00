"""Long work: asked for once, done by a worker, its progress seen by whoever asked."""
