-- Whether an open scan still needs a sample's copy in the internet account is asked of many samples every second.
create index scans_open_internet on scans (sample_id) where end_date is null and internet;
