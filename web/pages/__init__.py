"""What every page shares: templates, words, formats. Each noun's pages are in its own package beside this one."""
