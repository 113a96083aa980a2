"""What people say about data: objections to records about themselves, and complaints."""
