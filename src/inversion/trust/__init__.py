"""Whether one observation's posterior may be believed, from what is known of its model and of the observation."""
