update attempts set caller = '' where account = $1;
