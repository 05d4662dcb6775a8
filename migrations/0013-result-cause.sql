-- Why an engine did not finish, for programs: one of ResultCause in schema/states.ts. The error says it in a sentence.
alter table results add column cause text;
