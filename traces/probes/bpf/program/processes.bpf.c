/* Threads leaving their CPU; processes born, replaced and gone. Children are watched from birth. */

#ifdef WITH_SWITCHES
TRACEPOINT_PROBE(sched, sched_switch) {
  if (!is_watched())
    return 0;
  struct record r = {};
  begin(&r, TYPE_SWITCH);
  r.a[0] = args->prev_state;
#ifndef NAMESPACE_INODE
  r.a[1] = args->next_pid;
#endif
  emit(&r);
  return 0;
}
#endif

#ifdef WITH_FORK
RAW_TRACEPOINT_PROBE(sched_process_fork) {
  if (!is_watched())
    return 0;
  u64 child = ctx->args[1], pid = 0;
  u32 tgid = 0, level = 0, number = 0, one = 1;
  FIELD(tgid, child, task_struct__tgid);
  if (tgid == (u32)(bpf_get_current_pid_tgid() >> 32))
    return 0; /* a thread: its process is watched already */
  watched.update(&tgid, &one);
  number = tgid;
#ifdef NAMESPACE_INODE
  FIELD(pid, child, task_struct__thread_pid);
  FIELD(level, pid, pid__level);
  READ(number, pid + AT_pid__numbers + SIZE_upid * (u64)level + AT_upid__nr);
#endif
  struct record r = {};
  begin(&r, TYPE_FORK);
  r.a[0] = number;
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
  u32 tgid = bpf_get_current_pid_tgid() >> 32;
  watched.delete(&tgid);
#ifdef NAMESPACE_INODE
  u32 number = r.pid;
  named.delete(&number);
#endif
  emit(&r);
  return 0;
}
#endif
