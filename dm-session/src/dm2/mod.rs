//! OMA DM 2.0: the client and the server machine, and the small machines beside them.
