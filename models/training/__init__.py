"""What happens inside a worker: training, callbacks, checkpoints, evaluation."""
