"""Where things are kept: tables, repositories (all SQL is here), migrations, the embedded log, the checkpoint.

``store.database.Store`` opens a data folder and hands out one repository per noun.
"""
