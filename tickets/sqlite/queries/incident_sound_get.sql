select wav from incident_sounds where incident = ?1 and language = ?2;
