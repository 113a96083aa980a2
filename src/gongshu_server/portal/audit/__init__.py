"""What happened, who may see it, and where a result came from: the auditor's pages."""
