update tickets
set contact = '', email = '', caller = '', callback = '', callback_verified = false, recording = '', join_key = ''
where account = $1;
