update tickets
set contact = '', email = '', caller = '', callback = '', callback_verified = 0, recording = '', join_key = ''
where account = ?1;
