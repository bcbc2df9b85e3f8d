update calls set caller = '', keys = ''
where account = $1 and account <> '' and (caller <> '' or keys <> '')
    or ticket <> '' and ticket in (select number from tickets where account = $1) and (caller <> '' or keys <> '');
