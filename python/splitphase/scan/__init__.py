"""The include scanner: which files a compile reads, found without the compiler."""
