"""What the administration's pages call, in Chinese, a field that no page of ours names; in English Django does it."""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

#: Texts of Django's own pages that its Chinese lacks: ours has them.
DJANGOS = (_("Model name"), _("Add link"), _("Change or view list link"))

#: field → its Chinese; ``Model.field`` where the same word means something else there
CHINESE = {
    "NoWeek.monday": "周一日期", "NoWeek.n": "否定告知次数", "NoWeek.became": "转为问题数", "NoWeek.told_at": "提醒时间",
    "Relay.account": "来件系统账号", "Relay.own_number": "来件编号", "Relay.issue": "问题", "Relay.changed_at": "最近进展时间",
    "a": "甲（不在岗者）", "b": "乙（代岗者）", "accepted_at": "受理时间", "account": "申请人账号",
    "added_at": "添加时间", "added_by": "添加人", "address": "地址", "address_en": "英文地址",
    "Message.address": "接收号码或邮箱", "after": "触发时限", "agent": "浏览器标识",
    "agent_id_number": "代理人证件号码", "agent_mobile": "代理人手机", "agent_name": "代理人",
    "answered_at": "答复时间", "answered_by": "答复人", "answers": "申请问答", "app_version": "程序版本",
    "applicant_kind": "申请人类型", "application": "办件", "appointment": "预约", "asked_at": "邀评时间",
    "asked_days": "申请延长天数", "asked_until": "申请延长至", "assisted_by": "协助评价人",
    "assisted_why": "协助评价原因", "at": "时间", "attempts": "尝试次数", "basis": "依据", "before": "修改前内容",
    "began_at": "开始时间", "body": "正文", "DeviceEvent.body": "内容", "body_digest": "内容摘要值",
    "bounced": "退回次数", "bounces": "退回次数", "by": "操作人", "call_count": "叫号次数", "called_at": "叫号时间",
    "case_kind": "办件类型", "chain": "事件链编号", "changed_at": "变更时间", "channel": "渠道", "clerk": "窗口人员",
    "clock_ended_at": "计时结束时间", "clock_extension": "延长期限", "clock_from": "计时起点",
    "clock_legal": "法定时限", "clock_promised": "承诺时限", "clock_stops": "停表次数", "close_at": "当日下班时间",
    "closed_at": "办结时间", "Ticket.closed_at": "结束时间", "DeviceAlarm.closed_at": "解除时间",
    "closed_by": "解除人", "closes_at": "下班时间", "code": "代码", "codes": "评价指标", "confirmed_at": "确认时间",
    "confirmed_by": "确认方式", "contact": "联系人", "contacted_at": "联系时间", "contacted_by": "联系人员",
    "content": "内容", "content_type": "文件类型", "correct_until": "补正截止", "correction_note": "补正说明",
    "corrections_told": "已告知补正内容", "count": "次数", "counter": "窗口", "counters": "窗口",
    "created_at": "生成时间", "data": "数据", "day": "日期", "decided_at": "决定时间",
    "decision_due_at": "决定承诺截止", "decision_legal_due_at": "决定法定截止", "delivered_at": "送达时间",
    "delivery_form": "取件方式", "device": "评价器", "digest": "摘要值", "done_at": "完成时间",
    "done_case": "办成的办件", "done_paper": "办成的文书", "edited_at": "修改时间", "edited_by": "修改人",
    "email": "电子邮箱", "ended_at": "结束时间", "ends_on": "截止日期", "entered_at": "登记时间",
    "entered_by": "登记人", "error": "错误", "event": "事件", "event_at": "发生时间", "event_hash": "事件哈希值",
    "event_id": "事件编号", "event_seq": "事件序号", "expected_until": "预计结束", "expires_at": "失效时间",
    "extension": "延长期限", "fact": "对应客观事实", "facts": "记载内容", "fee_note": "收费说明", "field": "字段",
    "final_at": "最终办结时间", "forwarded_at": "转报时间", "forwarded_to": "转报机关", "founded": "是否属实",
    "gave_up_at": "停止发送时间", "group": "业务分组", "hall": "大厅", "handler": "承办人", "hash": "哈希值",
    "head": "链尾哈希值", "heading": "标题", "heading_other": "其他情形的标题", "heard": "听取陈述情况",
    "hearing_until": "陈述申辩截止", "helper": "协办人", "hint": "令牌尾号", "hold_seconds": "暂缓秒数",
    "id_digest": "证件号码摘要值", "id_number": "证件号码", "id_type": "证件类型", "initials": "拼音首字母",
    "intro": "简介", "intro_en": "英文简介", "ip": "网络地址", "is_active": "启用", "is_anonymous": "匿名",
    "is_at_window": "涉及窗口", "is_core": "核心指标", "is_default": "默认评价", "is_provisional": "期限待定",
    "is_recheck_told": "已提醒复查", "is_still_right": "复查仍有效", "issued_at": "签发时间", "item": "事项",
    "item_code": "事项编码", "item_version": "事项版本", "items": "事项", "kept_out": "回避人员", "key": "标识",
    "kind": "类型", "lang": "语言", "last_at": "最近一次", "legal_basis": "法律依据", "level": "级别",
    "Review.level": "满意度", "Indicator.level": "满意度", "light": "时限状态", "limit_at": "到期时间",
    "limit_source": "时限依据", "list": "代码表", "made_at": "起草时间", "made_by": "起草人", "max_days": "最长天数",
    "measure": "计时标准", "merged_into": "并入", "missed_hours": "超时小时数", "mobile": "手机",
    "mobile_digest": "手机摘要值", "model": "型号", "name": "名称", "name_en": "英文名称",
    "Attachment.name": "文件名", "next_at": "下次尝试", "next_digest": "下一密钥摘要值", "note": "备注",
    "notice": "告知内容", "nth": "第几份", "Review.nth": "第几次评价", "number": "编号", "office": "部门",
    "opened_at": "收件时间", "Issue.opened_at": "登记时间", "DeviceAlarm.opened_at": "发生时间",
    "opens_at": "上班时间", "origin": "来源", "outcome": "结果", "overrun_at": "超期时间", "paired_at": "配对时间",
    "paired_by": "配对人", "panel_outside": "外部评审人数", "panel_size": "评审人数", "parent": "上级",
    "Application.parent": "主办件", "path": "存放位置", "pdf_sha256": "PDF 校验值", "person": "人员", "phone": "电话",
    "pinyin": "拼音", "plan_more": "补充方案", "pledge_count": "容缺与承诺数", "prev": "上一事件哈希值",
    "prev_hash": "上一事件哈希值", "prevention_version": "预防措施版本", "priority": "优先", "proposal": "处理意见",
    "public_key": "公钥", "published_at": "发布时间", "published_by": "发布人", "purpose": "用途",
    "query_code": "查询码", "queue_at": "排队时间", "reason": "原因", "reason_code": "理由代码", "receipt": "回执",
    "received_at": "收到时间", "Application.received_at": "收齐时间", "recheck_at": "复查时间",
    "rechecked_at": "已复查时间", "region": "行政区划", "remind_at": "提醒时间", "renew_by": "延续申请截止",
    "renews": "所延续的证照", "reopened": "重新办理次数", "replaces": "所替代的评价", "reporter_mobile": "反映人手机",
    "reporter_name": "反映人", "result": "结果", "result_en": "结果英文名称", "retired_at": "停用时间",
    "revoked_at": "撤销时间", "roles": "通知岗位", "roll_asked_at": "要求更换密钥时间", "said_at": "作出评价时间",
    "scopes": "权限范围", "seal": "印章", "secret_at": "密钥更换时间", "secret_digest": "密钥摘要值",
    "section": "栏目", "sent_at": "发送时间", "seq": "序号", "serial": "文号", "serve_seconds": "办理秒数",
    "set_at": "设定时间", "set_by": "设定人", "sha256": "校验值", "short": "简称", "signed_by": "签批人",
    "size": "大小", "slot_at": "预约时段", "source": "来源", "starts_on": "起始日期", "state": "状态",
    "subject": "涉及人员", "taken_at": "取号时间", "template": "模板", "text": "文字", "Wording.text": "正文",
    "ticket": "号票", "time_quality": "时间可信度", "title": "标题", "todo": "应做事项",
    "todo_en": "应做事项（英文）", "told": "已通知人员", "told_seconds": "告知等候秒数", "touchpoint": "评价环节",
    "track_digest": "查询链接摘要值", "track_token": "查询链接令牌", "turned_at": "转办时间",
    "untold": "未能通知的岗位", "username": "用户名", "value": "取值", "verified_by": "核实人",
    "verify_code": "验证码", "version": "版本", "visit": "到访", "wait_seconds": "等候秒数",
    "wake_at": "下次处理时间", "walk_seconds": "到窗秒数", "was_touched": "评价器有触碰", "wording": "文书格式版本",
    "year": "年份", "role": "岗位角色", "bundle": "一件事", "no": "序号", "stage": "阶段", "external": "外部事项",
    "external_en": "外部事项英文名称", "condition": "适用情形", "condition_en": "适用情形（英文）",
    "necessity": "必要性", "form": "材料形式", "copies": "份数",
    "place": "摆放位置", "shown_order": "笑脸显示顺序", "retire_asked_at": "申请停用时间", "retire_asked_by": "申请停用人",
}  # fmt: skip


def chinese_of(model: str, field: str) -> str:
    """The Chinese of a field of the model, or nothing."""
    return CHINESE.get(f"{model}.{field}") or CHINESE.get(field, "")
