// Goes with the first file that comes here.
