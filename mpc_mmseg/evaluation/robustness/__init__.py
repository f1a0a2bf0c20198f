"""How scores change when photographs are processed after the forgery."""
