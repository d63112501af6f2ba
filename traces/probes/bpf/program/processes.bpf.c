/* Threads leaving their CPU; processes born, replaced and gone. Children are watched from birth. */

#ifdef WITH_SWITCHES
TRACEPOINT_PROBE(sched, sched_switch) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_SWITCH);
  r.a[0] = args->prev_state;
  r.a[1] = args->next_pid;
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_FORK
RAW_TRACEPOINT_PROBE(sched_process_fork) {
  if (!is_watched())
    return 0;
  u64 child = ctx->args[1];
  u32 tgid = 0, tid = 0, one = 1;
  FIELD(tgid, child, task_struct__tgid);
  FIELD(tid, child, task_struct__pid);
  struct record r = {};
  begin(&r, TYPE_FORK);
  if (tgid == r.pid)
    return 0; /* a thread: its process is watched already */
  watched.update(&tgid, &one);
  r.a[0] = tgid;
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_EXEC
TRACEPOINT_PROBE(sched, sched_process_exec) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_EXEC);
  bpf_get_current_comm(r.a, 16);
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_EXIT
TRACEPOINT_PROBE(sched, sched_process_exit) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_PROCESS_EXIT);
#ifdef HAVE_FIELD_sched_process_exit__group_dead
  if (!args->group_dead)
    return 0;
#else
  if (r.pid != r.tid)
    return 0;
#endif
  u64 task = bpf_get_current_task();
  u32 code = 0;
  FIELD(code, task, task_struct__exit_code);
  r.a[0] = code;
  u32 tgid = r.pid;
  watched.delete(&tgid);
  emit(&r);
  return 0;
}
#endif
