"""The Model section: layers, their form, the diagram, templates."""
