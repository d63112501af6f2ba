"""The eBPF probe: what the kernel itself saw, record by record.

``bpf_probe`` is the door. Behind it a worker process (``worker``) asks bcc to compile and attach
``program/*.bpf.c``, put together by ``program_text`` from the sections that this kernel can carry
(``sections``, ``tracefs``, ``btf``); the probe maps the worker's ring (``ring``) and turns its
records (``records``) into events (``decoder``).
"""
