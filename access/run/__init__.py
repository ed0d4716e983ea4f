"""The main job, from study folder to outputs."""
