// Field table of events/v1: the one place where the shape of its types is written down.
// Read by src/api/schema.ts at run time and by tools/gen.ts for the static types; src/api/README.md explains the columns.
export const fields = `
Event object
  metadata 1 meta.v1.ObjectMeta !
  eventTime 2 microTime ! required
  series 3 events.v1.EventSeries *
  reportingController 4 string
  reportingInstance 5 string
  action 6 string
  reason 7 string
  regarding 8 core.v1.ObjectReference !
  related 9 core.v1.ObjectReference *
  note 10 string
  type 11 string
  deprecatedSource 12 core.v1.EventSource !
  deprecatedFirstTimestamp 13 time !
  deprecatedLastTimestamp 14 time !
  deprecatedCount 15 int32

EventList object
  metadata 1 meta.v1.ListMeta !
  items 2 list[events.v1.Event] ! required

EventSeries
  count 1 int32 ! required
  lastObservedTime 2 microTime ! required
`;
