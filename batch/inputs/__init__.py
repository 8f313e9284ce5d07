"""What people give: job files, manifests, pictures; from files and addresses to checked values."""
