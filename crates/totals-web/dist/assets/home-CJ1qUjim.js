/* empty css             */import{a as e,i as t,n,r,t as i}from"./status-CpX-xhOa.js";import{E as a,O as o,T as s,_ as c,g as l,i as u,k as d,l as f,n as p,p as m,r as h,v as g,y as _}from"./early-XVo9FWwF.js";var v=class extends u{static properties={...u.properties,first:{attribute:!1}};#e;isNothing(e){return e===null}watch(e,t){return e.watchCampaign(this.campaign,t,this.first)}createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),this.addEventListener(`totals-change`,this.#t)}disconnectedCallback(){super.disconnectedCallback(),this.removeEventListener(`totals-change`,this.#t)}#t(){if(f())return;this.#e?.cancel();let e={boxShadow:`0 0 0 0.25rem var(--lit)`,borderColor:`var(--totals-glow)`};this.#e=this.querySelector(`article`)?.animate([e,{}],{duration:2400,easing:`ease-out`})}render(){let{campaign:t,words:n}=this,i=this.view?.value,a=i?e(n,i):``,s=g(t,i?.title);return d`<article>
      <header>
        <h3>
          ${l(t)?d`<a href=${r(`/campaigns/${encodeURIComponent(t)}`)} dir="auto">${s}</a>`:d`<bdi dir="auto">${s}</bdi>`}
        </h3>
        ${a?d`<span class="when">${a}</span>`:o}
      </header>
      <campaign-total campaign=${t} details quiet beside></campaign-total>
      <campaign-thermometer campaign=${t} brief></campaign-thermometer>
    </article>`}},y=`/api/totals/campaigns?limit=24&sortBy=totalAmount&sortOrder=desc`;async function b(e){let t=await fetch(e?`/api/totals/campaigns?limit=24&cursor=${encodeURIComponent(e)}`:y);if(!t.ok)throw Error(`the list of campaigns: ${t.status}`);let n=_(await t.text()),r=c(n)&&c(n.data)?n.data:{},i=(Array.isArray(r.totals)?r.totals.map(m):[]).filter(e=>e!==void 0&&x(e));return typeof r.nextCursor==`string`?{campaigns:i,next:r.nextCursor}:{campaigns:i}}function x({status:e,pledges:t}){return t>0||e?.toUpperCase()!==`DRAFT`}var S=3e3,C=6e4,{words:w,isWall:T}=t(),E=class extends a{static properties={campaigns:{state:!0},next:{state:!0},failed:{state:!0}};createRenderRoot(){return this}connectedCallback(){super.connectedCallback(),T||this.#e()}async#e(){document.hidden||await this.#t(),setTimeout(()=>void this.#e(),this.failed?S:C)}async#t(e){try{let t=await b(e),n=this.campaigns===void 0,r=new Set(this.campaigns?.map(({id:e})=>e));this.campaigns=[...this.campaigns??[],...t.campaigns.filter(({id:e})=>!r.has(e))],(n||e)&&(this.next=t.next),this.failed=!1}catch{this.failed=!0}}render(){return d`<section class="hero">
        <h1 class="eyebrow">${w.say(`raisedTogether`)}</h1>
        <platform-total details ?over=${T}></platform-total>
      </section>
      ${T?o:d`<growth-history></growth-history>${this.#n()}`}
      <footer><live-status></live-status></footer>`}#n(){return d`<section aria-labelledby="campaigns">
      <h2 id="campaigns">${w.say(`campaignList`)}</h2>
      ${this.#r()}
      ${this.next?d`<button class="more" @click=${()=>this.#t(this.next)}>${w.say(`more`)}</button>`:o}
    </section>`}#r(){let{campaigns:e}=this;return e===void 0?this.failed?d`<p class="note">${w.say(`unavailable`)}</p>`:o:e.length===0?d`<p class="note">${w.say(`none`)}</p>`:d`<ul class="cards">
      ${s(e,({id:e})=>e,e=>d`<li><campaign-card .first=${e} campaign=${e.id}></campaign-card></li>`)}
    </ul>`}};p(),h(),customElements.define(`campaign-card`,v),customElements.define(`growth-history`,n),customElements.define(`live-status`,i),customElements.define(`home-page`,E),document.title=w.say(`raisedTogether`);