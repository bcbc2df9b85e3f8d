insert into incident_sounds (incident, language, wav)
values (?1, ?2, ?3)
on conflict (incident, language) do update set wav = excluded.wav;
