"""An experiment's model as Keras objects, and what is known of it."""
