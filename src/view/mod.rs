//! DRAWS. Pure: from a scene and a size to a screen.
